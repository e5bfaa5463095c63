"""What a person sees; pages compute nothing."""
