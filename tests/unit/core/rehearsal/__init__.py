"""Stories and replays."""
