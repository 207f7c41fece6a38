"""The corpus that mailbot's own model learns from: made-up business mail in English and Chinese, and the desk's right reply."""
