"""Acts that wait for a person: kept in SQL, decided once, done once, told to the customer."""
