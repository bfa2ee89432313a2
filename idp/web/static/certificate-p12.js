// Opens a certificate file (PKCS #12, RFC 7292) and signs with what is in it: RSA and the NIST curves by the browser's own
// Web Cryptography, SM2 with SM3 by sm-crypto. forge opens the container and reads ASN.1; it never signs.

const OID = {
  rsa: "1.2.840.113549.1.1.1", ec: "1.2.840.10045.2.1", sm2: "1.2.156.10197.1.301",
  keyBag: "1.2.840.113549.1.12.10.1.1", shroudedKeyBag: "1.2.840.113549.1.12.10.1.2", certificateBag: "1.2.840.113549.1.12.10.1.3",
  commonName: "2.5.4.3", organisation: "2.5.4.10", keyUsage: "2.5.29.15",
};
const CURVES = {
  "1.2.840.10045.3.1.7": ["P-256", "SHA-256"], "1.3.132.0.34": ["P-384", "SHA-384"], "1.3.132.0.35": ["P-521", "SHA-512"],
};
const BMP_STRING = 30;
let forge, sm2;

const refused = (code, field) => Object.assign(new Error(code), { code, field });
const loaded = new Map();
const load = (address) => {
  if (!loaded.has(address)) {
    loaded.set(address, new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src: address, onload: done });
      script.onerror = () => { loaded.delete(address); failed(refused("failed")); };
      document.head.append(script);
    }));
  }
  return loaded.get(address);
};

const binary = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const bytesOf = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const der = (node) => forge.asn1.toDer(node).getBytes();
const parse = (text) => forge.asn1.fromDer(text, { strict: true, decodeBitStrings: false });
const oid = (node) => (node?.type === forge.asn1.Type.OID ? forge.asn1.derToOid(node.value) : "");
const magnitude = (text) => text.replace(/^\0+/, "");
const bits = (node) => node.value.slice(1); // the first byte counts unused bits

const decoded = (node) => (node.type === BMP_STRING
  ? new TextDecoder("utf-16be").decode(bytesOf(node.value)) : new TextDecoder().decode(bytesOf(node.value)));
const nameIn = (name) => {
  const found = (wanted) => name.value.flatMap((set) => set.value).find((pair) => oid(pair.value[0]) === wanted);
  const pair = found(OID.commonName) ?? found(OID.organisation);
  return pair ? decoded(pair.value[1]) : "";
};

// What counts in a certificate (RFC 5280 4.1). `signs`: its key usage admits signatures, or it names none.
const readCertificate = (text) => {
  const fields = parse(text).value[0].value;
  const rest = fields.slice(fields[0].tagClass === forge.asn1.Class.CONTEXT_SPECIFIC ? 1 : 0);
  const [algorithm, key] = rest[5].value;
  const usage = rest.find((one) => one.tagClass === forge.asn1.Class.CONTEXT_SPECIFIC && one.type === 3)?.value[0].value
    .find((extension) => oid(extension.value[0]) === OID.keyUsage);
  const flags = usage && parse(usage.value.at(-1).value).value;
  return {
    der: text,
    key: oid(algorithm.value[0]) === OID.rsa ? magnitude(parse(bits(key)).value[0].value) : bits(key),
    name: nameIn(rest[4]),
    serial: forge.util.bytesToHex(rest[0].value).slice(-6),
    signs: !flags || (flags.charCodeAt(1) & 0xc0) !== 0, // digitalSignature, nonRepudiation
  };
};

const integer = (bytes) => {
  const from = Math.max(0, Math.min(bytes.findIndex((byte) => byte !== 0), bytes.length - 1));
  const digits = [...bytes.slice(from)];
  if (digits[0] & 0x80) digits.unshift(0);
  return [2, digits.length, ...digits];
};
// r || s, as Web Cryptography gives a signature, in DER (RFC 3279 2.2.3).
const sequence = (pair) => {
  const half = pair.length / 2;
  const body = [...integer(pair.slice(0, half)), ...integer(pair.slice(half))];
  return Uint8Array.from([0x30, ...(body.length > 127 ? [0x81] : []), body.length, ...body]);
};

const webKey = (pkcs8, algorithm) => {
  if (!globalThis.crypto?.subtle) throw refused("insecure");
  return crypto.subtle.importKey("pkcs8", bytesOf(pkcs8), algorithm, false, ["sign"]);
};

const rsaKey = (pkcs8, inner) => ({
  public: magnitude(inner.value[1].value),
  async sign(message) {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    return new Uint8Array(await crypto.subtle.sign(algorithm.name, await webKey(pkcs8, algorithm), message));
  },
});
const nistKey = (pkcs8, inner, [namedCurve, hash]) => ({
  public: publicIn(inner),
  async sign(message) {
    const key = await webKey(pkcs8, { name: "ECDSA", namedCurve });
    return sequence(new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash }, key, message)));
  },
});
const sm2Key = (inner) => {
  const secret = forge.util.bytesToHex(inner.value[1].value).padStart(64, "0");
  const publicKey = sm2.getPublicKeyFromPrivateKey(secret);
  return {
    public: forge.util.hexToBytes(publicKey),
    // hash: SM3 over Z of the user id 1234567812345678, which is this library's default, and the message
    async sign(message) {
      return bytesOf(forge.util.hexToBytes(sm2.doSignature(message, secret, { hash: true, der: true, publicKey })));
    },
  };
};
// RFC 5915 3: the public key, where it came along; null means that any certificate may belong to the key.
const publicIn = (inner) => {
  const found = inner.value.find((one) => one.tagClass === forge.asn1.Class.CONTEXT_SPECIFIC && one.type === 1);
  return found ? bits(found.value[0]) : null;
};

const readKey = async (pkcs8, addresses) => {
  const [, algorithm, secret] = parse(pkcs8).value;
  const [kind, curve] = algorithm.value.map(oid);
  const inner = parse(secret.value);
  if (kind === OID.rsa) return rsaKey(pkcs8, inner);
  if (kind === OID.sm2 || (kind === OID.ec && curve === OID.sm2)) {
    await load(addresses.sm2);
    sm2 = globalThis.SmCryptoV2.sm2;
    return sm2Key(inner);
  }
  return kind === OID.ec && CURVES[curve] ? nistKey(pkcs8, inner, CURVES[curve]) : null;
};

const container = (bytes) => {
  try {
    const file = forge.asn1.fromDer(binary(bytes), { strict: false, parseAllBytes: false });
    if (file.value[0].value === "\x03" && oid(file.value[1].value[0])) return file;
  } catch { /* falls through */ }
  throw refused("notP12", "file");
};

const contents = (file, password) => {
  const cannot = () => { throw new Error("left to this module"); };
  forge.pki.certificateFromAsn1 = forge.pki.privateKeyFromAsn1 = cannot; // it would encode RSA ones anew, and knows no others
  try {
    return forge.pkcs12.pkcs12FromAsn1(file, false, password).safeContents.flatMap((safe) => safe.safeBags);
  } catch (error) {
    throw /unsupported|unknown/i.test(error.message) ? refused("unsupported", "file") : refused("password", "password");
  }
};

// The keys in the file that can sign, each with its certificate: [{ label, sign(bytes) -> { signature, certificate } }].
// A certificate for encryption is left out where there is one for signatures. `addresses`: forge, sm2.
export const openFile = async (bytes, password, addresses) => {
  const painted = new Promise((done) => { setTimeout(done, 30); }); // what was said is read before the work begins
  await Promise.all([load(addresses.forge), painted]);
  forge = globalThis.forge;
  const bags = contents(container(bytes), password);
  const certificates = bags.filter((bag) => bag.type === OID.certificateBag && bag.asn1)
    .map((bag) => readCertificate(der(bag.asn1)));
  const secrets = bags.filter((bag) => [OID.keyBag, OID.shroudedKeyBag].includes(bag.type) && bag.asn1);
  const keys = (await Promise.all(secrets.map((bag) => readKey(der(bag.asn1), addresses)))).filter(Boolean);
  if (!keys.length) throw refused(secrets.length ? "unsupported" : "noKey", "file");
  const pairs = keys.flatMap((key) => {
    const certificate = certificates.find((one) => key.public === null || one.key === key.public);
    return certificate ? [{ key, certificate }] : [];
  });
  if (!pairs.length) throw refused("noCertificate", "file");
  const signing = pairs.filter((pair) => pair.certificate.signs);
  return (signing.length ? signing : pairs).map(({ key, certificate }) => ({
    label: `${certificate.name} (${certificate.serial})`,
    sign: async (message) => ({ signature: await key.sign(message), certificate: bytesOf(certificate.der) }),
  }));
};
