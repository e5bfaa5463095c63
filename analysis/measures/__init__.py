"""What is measured in sessions."""
