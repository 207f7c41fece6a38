"""mailbot: the desk that lives in an inbox.

The map: `core` decides (pure), `inbox` brings mail and files in, `extract` reads them in worker processes, `ledger` keeps
every item and everything that happened to it, `generate` drafts, `review` is the page where a person decides, `outbox` sends
once, `dispatch` says who advances which item next. `ports` are the Protocols between `pipeline` (one item from received to
sent) or `desk` (what people decide) and those adapters; `daemon` builds everything from `config` and runs it; `cli` is the
command line.

The words: an *item* is one mail or dropped file for its whole life. A *message* is RFC 5322 content, an *envelope* its SMTP
sender and recipients. *attachment → document → table*: bytes → text and pages with provenance → rows; a *field* is one named
value read off a document. *rule → route*: a condition → its outcome with the reason. *approval*: may we proceed? *review*:
is this draft right? *draft → reply → outbox*: text → the exact bytes to send → the queue of them. *grounding* links a figure,
date, name or address in a draft to where it was read. The *ledger* is the database.
"""

__version__ = "0.1.0"
