"""Importing in the browser, and what was rejected."""

import re
import threading
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from tests.console.small_shop import PASSWORD, client

from zhiyin.adapters.records.models import Consent, Customer, Import
from zhiyin.entrypoints.console.data_import import SAMPLE
from zhiyin.services import import_preview, imports
from zhiyin.services.workspace import Workspace

FILE = "customer_id,email,city\nc1,a@example.com,Shanghai\nc2,no address,Suzhou\nc3,c@example.com,Wuhan\n"


def signed_in() -> object:
    made = client()
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def upload(browser: object, text: str = FILE, kind: str = "customers") -> str:
    """The address of the preview of an uploaded file."""
    file = SimpleUploadedFile("people.csv", text.encode("utf-8"))
    response = browser.post("/data/import", {"kind": kind, "files": [file]})
    assert response.status_code == 302
    return str(response["Location"])


def finish() -> None:
    """Wait for the work that a page started."""
    for thread in threading.enumerate():
        if thread.name.startswith("job-"):
            thread.join(60)


def test_a_file_is_shown_before_anything_is_taken_in(owned: Workspace) -> None:
    page = signed_in().get(upload(signed_in())).content.decode()
    assert "2 rows can be imported, 1 would be rejected." in page
    assert "Not an e-mail address" in page
    assert re.search(r'name="map\.email".*?value="email" selected', page, re.S)
    assert Customer.objects.count() == 0


def test_importing_profiles_customers_and_leads_to_the_result(owned: Workspace) -> None:
    browser = signed_in()
    address = upload(browser)
    response = browser.post(address, {"kind": "customers", "consent": "yes"})
    assert response["Location"] == "/data/imports"
    finish()
    run = Import.objects.get()
    assert (run.read, run.imported, run.rejected) == (3, 2, 1)
    assert Customer.objects.filter(lifecycle="lead").count() == 2
    assert Consent.objects.filter(granted=True).count() == 2
    assert "2 rows imported, 1 rejected." in browser.get(f"/data/imports/{run.import_id}").content.decode()
    assert browser.get(address).status_code == 404  # the uploaded file is gone


def test_a_column_can_be_corrected_and_left_out(owned: Workspace) -> None:
    browser = signed_in()
    address = upload(browser, "code,mail,note\nc1,a@example.com,x\n")
    mapping = {"map.code": "customer_id", "map.mail": "email", "map.note": "-"}
    assert "1 row can be imported." in browser.get(address, mapping).content.decode()
    browser.post(address.split("?")[0], {"kind": "customers", **mapping})
    finish()
    assert Customer.objects.get().traits == {}


def test_looking_again_keeps_the_csrf_token_out_of_the_address(owned: Workspace) -> None:
    browser = signed_in()
    address = upload(browser)
    assert 'formmethod="get"' not in browser.get(address).content.decode()
    corrected = {"kind": "customers", "map.city": "-", "csrfmiddlewaretoken": "secret", "look": "again"}
    response = browser.post(address, corrected)
    assert response["Location"] == address.split("?")[0] + "?kind=customers&map.city=-"
    assert Customer.objects.count() == 0


def test_a_file_without_the_needed_column_says_so_and_lets_it_be_named(owned: Workspace) -> None:
    browser = signed_in()
    page = browser.get(upload(browser, "a,b\n1,2\n", "orders")).content.decode()
    assert "The columns need your help." in page
    assert 'name="map.a"' in page


def test_a_file_that_cannot_be_read_is_told_as_such(owned: Workspace) -> None:
    browser = signed_in()
    page = browser.get(upload(browser, "")).content.decode()
    assert 'role="alert"' in page


def test_an_upload_stays_in_its_own_folder(owned: Workspace) -> None:
    file = SimpleUploadedFile("../../evil.csv", FILE.encode())
    signed_in().post("/data/import", {"kind": "customers", "files": [file]})
    assert not (owned.folder.parent / "evil.csv").exists()
    assert not (owned.folder / "evil.csv").exists()
    assert signed_in().get("/data/import/..?kind=customers").status_code == 404


def test_of_a_large_file_the_preview_reads_the_beginning_and_says_so(owned: Workspace) -> None:
    rows = 200_000
    text = "customer_id,email\n" + "".join(f"c{n},c{n}@example.com\n" for n in range(rows))
    browser = signed_in()
    page = browser.get(upload(browser, text)).content.decode()
    (shown,) = re.findall(r"The first ([\d,]+) rows, as a sample", page)
    assert SAMPLE <= int(shown.replace(",", "")) < rows
    assert "Import all rows" in page


def test_a_preview_without_bounds_reads_all(workspace: Workspace) -> None:
    path = workspace.folder / "customers.csv"
    path.write_text("customer_id,note\n" + "".join(f"c{n},{n:040}\n" for n in range(150_000)))
    whole = import_preview.preview(workspace, "customers", [path])
    assert (whole.read, whole.sample) == (150_000, False)
    part = import_preview.preview(workspace, "customers", [path], seconds=0)
    assert 0 < part.read < whole.read
    assert part.sample
    assert not import_preview.preview(workspace, "customers", [path], rows=150_000).sample


def test_two_uploads_of_one_name_are_both_imported(owned: Workspace) -> None:
    texts = (
        FILE,
        "customer_id,email,city\nc8,h@example.com,Xi'an\n",
        "customer_id,email\nc9,i@example.com\n",
    )
    files = [SimpleUploadedFile("people.csv", text.encode()) for text in texts]
    browser = signed_in()
    address = browser.post("/data/import", {"kind": "customers", "files": files})["Location"]
    page = browser.get(address).content.decode()
    assert "people (2).csv" in page
    assert "4 rows can be imported, 1 would be rejected." in page
    browser.post(address, {"kind": "customers"})
    finish()
    assert set(Customer.objects.values_list("pk", flat=True)) == {"c1", "c3", "c8", "c9"}


def test_rejected_rows_are_exported_without_formulas(filled: Workspace) -> None:
    response = signed_in().get("/data/rejects.csv")
    assert response["Content-Disposition"].startswith("attachment")
    rows = response.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 2
    for cell in re.findall(r'(?:^|,)"?([^",]*)', rows[1]):
        assert not cell.startswith(("=", "+", "-", "@"))


def test_rejected_rows_are_found_by_import_and_reason(filled: Workspace) -> None:
    run = Import.objects.get(kind="orders")
    browser = signed_in()
    page = browser.get(f"/data/rejects?import={run.import_id}").content.decode()
    assert "1 reject waits to be looked at" in page
    assert "Nothing fits this filter." in browser.get("/data/rejects?reason=too_large").content.decode()


def test_known_orders_with_another_amount_are_told(owned: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    for total in ("5", "6"):
        file.write_text(f"order_id,customer_id,date,total\nA7,ann,2026-03-05,{total}\n", encoding="utf-8")
        result = imports.run(owned, "orders", [file])
    text = signed_in().get(f"/data/imports/{result.import_id}").content.decode()
    assert "1 known order has another amount in these files; the first amount stays: A7" in text
