"""The look: tokens, fonts, icons, the style sheet and what paints beside it."""
