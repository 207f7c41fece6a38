"""Says who advances which item next; the state itself lives in the ledger."""
