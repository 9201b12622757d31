"""The JSON documents that verbs print, as `docs/schema` describes them."""
