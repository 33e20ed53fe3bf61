"""Argo CD's notifications: `mapper.map_payload` reads the Application, `flat` what smaller templates make of it."""
