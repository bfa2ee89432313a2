#!/bin/sh
# Makes the files beside it anew: a root, holders of RSA, P-256 and SM2 keys, and what OpenSSL 3 signs with them.
# The keys are test data and guard nothing. OpenSSL does not sign SignedData with SM2; `tests/crypto/signing.py` does.
set -eu
cd "$(dirname "$0")"
days=9000
id=distid:1234567812345678
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/x.cnf" <<CNF
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:false
keyUsage = critical, digitalSignature, nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
1.2.156.10260.4.1.1 = ASN1:EXP:0,PRINTABLESTRING:430105199003070011
[req]
distinguished_name = dn
string_mask = utf8only
utf8 = yes
[dn]
CNF
new() { # kind, genpkey options
  kind=$1; shift
  openssl genpkey "$@" -out "$kind.key.pem" 2>/dev/null
}
new rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
new p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
new p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
new sm2 -algorithm EC -pkeyopt ec_paramgen_curve:SM2
new root -algorithm EC -pkeyopt ec_paramgen_curve:P-256
new sm2-root -algorithm EC -pkeyopt ec_paramgen_curve:SM2
openssl req -x509 -new -config "$work/x.cnf" -extensions root -key root.key.pem -sha256 -days $days -subj "/C=CN/O=Answers/CN=Test root" -out root.pem
openssl req -x509 -new -config "$work/x.cnf" -extensions root -key sm2-root.key.pem -sm3 -sigopt $id -days $days -subj "/C=CN/O=Answers/CN=Test root SM2" -out sm2-root.pem
serial=100
for kind in rsa p256 p384; do
  openssl req -new -config "$work/x.cnf" -key $kind.key.pem -subj "/C=CN/CN=$kind holder" -out "$work/csr"
  openssl x509 -req -in "$work/csr" -CA root.pem -CAkey root.key.pem -sha256 -days $days -set_serial $serial -extfile "$work/x.cnf" -extensions leaf -out $kind.pem 2>/dev/null
  serial=$((serial + 1))
done
openssl req -new -config "$work/x.cnf" -key sm2.key.pem -sm3 -sigopt $id -subj "/C=CN/CN=sm2 holder" -out "$work/csr"
openssl x509 -req -in "$work/csr" -vfyopt $id -CA sm2-root.pem -CAkey sm2-root.key.pem -sm3 -sigopt $id -days $days -set_serial $serial -extfile "$work/x.cnf" -extensions leaf -out sm2.pem 2>/dev/null
printf 'tongban-certificate\nsign-in\nhttps://id.example.gov.cn\ncch_1\n0123456789abcdef\n1800000120' > content.txt
sign() { # name, holder, options
  name=$1 holder=$2; shift 2
  openssl cms -sign -binary -in content.txt -signer $holder.pem -inkey $holder.key.pem -outform DER -out $name.cms "$@"
}
sign rsa-attached rsa -nodetach
sign rsa-detached rsa
sign rsa-no-attributes rsa -nodetach -noattr
sign rsa-detached-no-attributes rsa -noattr
sign rsa-sha512 rsa -nodetach -md sha512
sign rsa-pss rsa -nodetach -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1
sign rsa-pss-long-salt rsa -nodetach -keyopt rsa_padding_mode:pss
sign rsa-pss-sha384 rsa -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1 -md sha384
sign rsa-key-identifier rsa -nodetach -keyid
sign rsa-no-certificates rsa -nodetach -nocerts
sign rsa-with-root rsa -nodetach -certfile root.pem
sign p256-attached p256 -nodetach
sign p256-detached p256
sign p256-no-attributes p256 -nodetach -noattr
sign p384-sha384 p384 -nodetach -md sha384
sign rsa-sha1 rsa -nodetach -md sha1
sign rsa-pss-sha1 rsa -nodetach -md sha1 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1
sign rsa-indefinite rsa -nodetach -stream
openssl cms -sign -binary -nodetach -in content.txt -signer rsa.pem -inkey rsa.key.pem -signer p256.pem -inkey p256.key.pem -outform DER -out two-signers.cms
openssl cms -sign -binary -nodetach -in content.txt -signer rsa.pem -inkey rsa.key.pem -outform PEM -out rsa-attached.pem
openssl smime -sign -binary -nodetach -in content.txt -signer rsa.pem -inkey rsa.key.pem -md sha256 -outform DER -out rsa-pkcs7.cms
openssl cms -data_create -in content.txt -outform DER -out no-signed-data.cms
openssl dgst -sha256 -sign rsa.key.pem -out rsa-pkcs1.sig content.txt
openssl dgst -sha384 -sign rsa.key.pem -sigopt rsa_padding_mode:pss -out rsa-pss.sig content.txt
openssl dgst -sha1 -sign rsa.key.pem -out rsa-sha1.sig content.txt
openssl dgst -sha256 -sign p256.key.pem -out p256.sig content.txt
openssl dgst -sha384 -sign p384.key.pem -out p384.sig content.txt
openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt $id -inkey sm2.key.pem -in content.txt -out sm2.sig
openssl pkeyutl -sign -rawin -digest sm3 -inkey sm2.key.pem -in content.txt -out sm2-empty-id.sig
rm -f root.key.pem sm2-root.key.pem
