"""The REST door: conversations, knowledge and health under `/api/v1`."""
