#!/bin/sh
# Builds the image of the shop. An app of yours has a package.json and a lock file and needs `docker build .` alone; here Cairn's
# packages come from this checkout: they are built and packed as they are published, and installed from the tarballs.
#
#   examples/shop/build-image.sh [arguments of docker build]     --tag cairn-shop --build-arg NODE_IMAGE=…
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

cd "$repository"
npx -y pnpm@12 build
for package in db packages/core packages/infra packages/projections packages/cairn; do
  (cd "$package" && npx -y pnpm@12 pack --pack-destination "$context/packed" >/dev/null)
done
cp -R "$here/src" "$here/Dockerfile" "$here/.dockerignore" "$context/"

# The packages, zod, and Temporal's, which are optional peers of @cairn/infra.
node --input-type=module - "$repository" "$context" <<'SCRIPT'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
const [, , repository, context] = process.argv
const infra = JSON.parse(readFileSync(`${repository}/packages/infra/package.json`, 'utf8'))
const packed = readdirSync(`${context}/packed`).map((file) => [`@cairn/${file.split('-')[1]}`, `file:packed/${file}`])
const temporal = Object.entries(infra.devDependencies).filter(([name]) => name.startsWith('@temporalio/'))
const dependencies = Object.fromEntries([...packed, ...temporal, ['zod', infra.dependencies.zod]])
writeFileSync(`${context}/package.json`, JSON.stringify({ name: 'shop', private: true, type: 'module', dependencies }, undefined, 2))
SCRIPT

# There is no lock file of npm's in this checkout, so no `npm ci`.
docker build --build-arg INSTALL='npm install' "$@" "$context"
