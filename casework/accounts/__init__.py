"""Agencies, people and their roles; signing in, second factors, sessions; accounts and who may change them."""
