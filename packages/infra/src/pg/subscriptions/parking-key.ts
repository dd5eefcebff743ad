/**
 * A partition key is any text that a user's function gives, and PostgreSQL takes neither NUL nor half a surrogate pair: a key with
 * one is stored as the JSON text that escapes it. A poison event that could not be parked would stop its partition for good.
 */
export function writeParkingKey(key: string): string {
  return key.includes('\0') || key.startsWith('"') || !key.isWellFormed() ? JSON.stringify(key) : key
}

export function readParkingKey(stored: string): string {
  return stored.startsWith('"') ? String(JSON.parse(stored)) : stored
}
