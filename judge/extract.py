"""Takes the signature out of a signed PDF, for judges that know CMS but not PDF.

    extract.py FILE.pdf FOLDER

Writes FOLDER/signature.cms (DER, without its padding) and FOLDER/signed.data (the bytes that it covers) and prints the
algorithm of the signature. Fails unless there is exactly one signature and it covers the whole file but its own place.
"""

import pathlib
import re
import sys

from asn1crypto import cms

RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def main(file: str, folder: str) -> None:
    pdf = pathlib.Path(file).read_bytes()
    ranges = RANGE.findall(pdf)
    if len(ranges) != 1:
        sys.exit(f"{file}: {len(ranges)} signatures, not one")
    start, length, rest, rest_length = map(int, ranges[0])
    if start != 0 or rest + rest_length != len(pdf):
        sys.exit(f"{file}: the signature does not cover the whole file")
    gap = pdf[length:rest]
    if not (gap.startswith(b"<") and gap.endswith(b">")):
        sys.exit(f"{file}: the place of the signature holds more than the signature")
    padded = bytes.fromhex(gap[1:-1].decode("ascii"))
    content = cms.ContentInfo.load(padded)
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    (out / "signature.cms").write_bytes(content.dump())
    (out / "signed.data").write_bytes(pdf[:length] + pdf[rest:])
    (signer,) = content["content"]["signer_infos"]
    print(signer["signature_algorithm"].signature_algo)


if __name__ == "__main__":
    main(*sys.argv[1:])
