"""Floods of anonymous newcomers: who comes then has to work for it, or show that they are human."""
