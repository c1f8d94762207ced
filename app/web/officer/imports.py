"""Rosters in: upload, preview, confirm, undo."""

from fastapi import APIRouter

router = APIRouter()
