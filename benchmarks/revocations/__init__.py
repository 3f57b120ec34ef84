"""What tokens that are taken back cost: a decision, memory, the feed; and what follows for many hosts."""
