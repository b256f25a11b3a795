"""The language bridge: customers and people each read and write their own language.

Reading order: `settings`, `ports` (what a translator is), `keeping` (what must not be lost),
`glossary`, `model` (the translator that asks a language model), `bridge` (both directions).
"""
