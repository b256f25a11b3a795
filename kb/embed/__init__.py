"""Embedders: texts to unit vectors, local through fastembed or remote over HTTP.

`open.open_embedder` chooses. Above: `kb.open`, and the engine through `core.ports.Embedder`.
"""
