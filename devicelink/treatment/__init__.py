"""What was done to whom with what: sessions, and clients under pseudonyms."""
