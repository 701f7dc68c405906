"""Addresses of the admin's pages."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse

RECORDS = ("position", "orderintent", "order", "fill", "decision", "decisiontally")
KINDS = sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry)


def list_of(kind: str) -> str:
    return reverse(f"admin:{kind}_changelist")


def page_of(row: Model, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])
