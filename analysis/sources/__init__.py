"""What every reader returns, and all that follows: tables of events, units and a signal."""
