"""Plain text: sentences, language, figures, index terms."""
