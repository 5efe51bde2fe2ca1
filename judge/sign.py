"""Signs a PDF with pyHanko again and again and prints the median processor time of one signature, in milliseconds.

    sign.py UNSIGNED.pdf KEY.pem CERTIFICATE.pem CA.pem

The same kind of signature as the station makes: PAdES B-B, certified, CAdES attributes. Reading the key is not counted; reading the file and
writing the signed one is, both in memory.
"""

import io
import statistics
import sys
import time

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

ROUNDS = 30


def main() -> None:
    unsigned, key, certificate, ca = sys.argv[1:]
    pages = open(unsigned, "rb").read()
    signer = signers.SimpleSigner.load(key, certificate, ca_chain_files=(ca,))
    metadata = signers.PdfSignatureMetadata(
        field_name="Signature",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        reason="bench",
        location="bench",
    )
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        out = io.BytesIO()
        signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pages)), metadata, signer=signer, output=out)
        times.append((time.process_time() - began) * 1000)
        assert len(out.getvalue()) > len(pages)
    print(f"{statistics.median(times):.2f}")


main()
