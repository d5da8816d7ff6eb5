"""What is true of Hangul text: no model here, and no torch."""
