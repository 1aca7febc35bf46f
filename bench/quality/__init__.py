"""How well altered copies of photos are recognised, and how often strangers are taken for them."""
