"""What measures say of theories: classifiers, sets, recovery, power."""
