"""The whole way on one machine: sample mails, an IMAP and an SMTP server on loopback."""
