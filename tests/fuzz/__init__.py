"""What comes from outside, made hostile: coverage-guided fuzzing and the API against its schema."""
