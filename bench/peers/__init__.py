"""Other queues, as processes to measure Kontiki beside: each a module with one class, a Peer."""
from ._process import NODES  # noqa: F401  (for who imports this)
