"""The house: vocabulary, bus, engine, specialists, memory, archive; imports nothing of ours."""
