"""The house: vocabulary, bus, engine, specialists, memory, archive. Imports nothing else of ours."""
