"""Neural recommenders: PyTorch, the extra ``deep``, teaches them; NumPy alone serves them."""
