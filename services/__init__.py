"""The services: inference, gateway and sandbox, and what they share."""
