"""The only caller of the Hub's repository API: verified downloads, atomic uploads, Spaces; no torch.

Light to import: huggingface_hub is loaded by the first call that needs it. The server is the one that the
environment variable HF_ENDPOINT names when a function is called.
"""

from grokaem.hub.access import check_new_tag, check_write_access, look_up_private, whoami
from grokaem.hub.card import check_card, front_matter, metadata_problems
from grokaem.hub.client import check_repo_id, check_tag_name
from grokaem.hub.errors import (
    HubAccessError,
    HubConflict,
    HubError,
    HubNotFound,
    HubTagTaken,
    HubUnavailable,
    IntegrityError,
    MetadataError,
)
from grokaem.hub.files import is_unsafe
from grokaem.hub.published import Published, PublishedFile
from grokaem.hub.snapshot import download
from grokaem.hub.space import create_space, set_secrets, set_variables, wait_running
from grokaem.hub.tokens import URL_PASSWORD, find_token, looks_secret, scrub
from grokaem.hub.upload import check_publishable, publish
from grokaem.hub.verify import verify_published

__all__ = [
    "HubAccessError",
    "HubConflict",
    "HubError",
    "HubNotFound",
    "HubTagTaken",
    "HubUnavailable",
    "IntegrityError",
    "MetadataError",
    "Published",
    "PublishedFile",
    "URL_PASSWORD",
    "check_card",
    "check_new_tag",
    "check_publishable",
    "check_repo_id",
    "check_tag_name",
    "check_write_access",
    "create_space",
    "download",
    "find_token",
    "front_matter",
    "is_unsafe",
    "look_up_private",
    "looks_secret",
    "metadata_problems",
    "publish",
    "scrub",
    "set_secrets",
    "set_variables",
    "verify_published",
    "wait_running",
    "whoami",
]
