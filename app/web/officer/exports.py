"""The filtered list out, as CSV and XLSX."""

from fastapi import APIRouter

router = APIRouter()
