"""seed → a shop and its customers, whose response to e-mail is known: for the demo, tests and load."""
