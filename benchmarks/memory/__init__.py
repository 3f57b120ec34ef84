"""What a million different tokens leave in the memory of a process, and whether requests leak."""
