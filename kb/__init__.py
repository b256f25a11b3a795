"""The knowledge base: documents in, cited passages out.

`kb.open` is the door. Below: `core`, never `channels`.
"""
