"""interactions + items → ranked items with a reason."""
