// A whole Bluesky on loopback, of its own programs: a directory of accounts (PLC), a server that accounts live on (PDS),
// and the AppView that reads them, on a PostgreSQL database. Usage: node bluesky.mjs NODE_MODULES FOLDER POSTGRES_URL
// Once it is ready, one line of JSON says where everything is. Each line on its input is answered by one on its output
// when the AppView has seen everything that the PDS has. It ends when its input does.
import { createRequire } from 'node:module'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { createServer } from 'node:net'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const [modules, folder, postgres] = process.argv.slice(2)
const require = createRequire(path.join(modules, 'x'))
const plc = require('@did-plc/server'), { Client } = require('@did-plc/lib'), { Secp256k1Keypair } = require('@atproto/crypto')
const pds = require('@atproto/pds'), bsky = require('@atproto/bsky')
const hex = bytes => Buffer.from(bytes).toString('hex')
const freePort = () => new Promise(resolve => {
  const probe = createServer().listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)) })
})
const [plcPort, pdsPort, appPort, dataPort, syncPort] = [await freePort(), await freePort(), await freePort(), await freePort(), await freePort()]

const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: plcPort })
await directory.start()
const plcUrl = `http://localhost:${plcPort}`

// The AppView finds people by parts of their names with trigrams, which the tests' PostgreSQL does not have, and nobody asks.
const { Client: Connection } = require('pg'), { query } = Connection.prototype
Connection.prototype.query = function (asked, ...rest) {
  return query.call(this, /trgm/.test(asked?.text ?? asked) ? 'select 1' : asked, ...rest)
}

// --- the AppView -----------------------------------------------------------------------------------------------------
const key = await Secp256k1Keypair.create()
const appUrl = `http://localhost:${appPort}`
const serverDid = await new Client(plcUrl).createDid({
  signingKey: key.did(), rotationKeys: [key.did()], handle: 'bsky.test', pds: appUrl, signer: key,
})
const db = new bsky.Database({ url: postgres, schema: 'appview', poolSize: 6 })
await db.migrateToLatestOrThrow()
const dataplane = await bsky.DataPlaneServer.create(db, dataPort, plcUrl)
const bsync = await bsky.MockBsync.create(db, syncPort)
const app = bsky.BskyAppView.create({
  signingKey: key,
  config: new bsky.ServerConfig({
    version: 'unknown', port: appPort, didPlcUrl: plcUrl, publicUrl: 'https://appview.invalid', serverDid,
    alternateAudienceDids: [], dataplaneUrls: [`http://localhost:${dataPort}`], dataplaneHttpVersion: '1.1',
    bsyncUrl: `http://localhost:${syncPort}`, bsyncHttpVersion: '1.1', modServiceDid: 'did:example:none',
    labelsFromIssuerDids: [], bigThreadUris: new Set(), maxThreadParents: 50, disableSsrfProtection: true,
    searchTagsHide: new Set(), threadTagsBumpDown: new Set(), threadTagsHide: new Set(), visibilityTagHide: '',
    visibilityTagRankPrefix: '', debugFieldAllowedDids: new Set(), draftsLimit: 500, adminPasswords: ['admin'], etcdHosts: [],
  }),
})

// --- the PDS ---------------------------------------------------------------------------------------------------------
const rotation = await Secp256k1Keypair.create({ exportable: true })
mkdirSync(path.join(folder, 'blobs'), { recursive: true })
const env = {
  devMode: true, port: pdsPort, hostname: 'localhost', dataDirectory: folder,
  blobstoreDiskLocation: path.join(folder, 'blobs'), serviceHandleDomains: ['.test'], didPlcUrl: plcUrl,
  plcRotationKeyK256PrivateKeyHex: hex(await rotation.export()), jwtSecret: hex(randomBytes(16)),
  adminPassword: 'admin', inviteRequired: false, disableSsrfProtection: true,
  bskyAppViewUrl: appUrl, bskyAppViewDid: serverDid,
  modServiceUrl: 'http://127.0.0.1:1', modServiceDid: 'did:example:none',
}
const server = await pds.PDS.create(pds.envToCfg(env), pds.envToSecrets(env))
await server.start()
const pdsUrl = `http://localhost:${pdsPort}`

// Names of accounts are looked up in the DNS, or at https://<name>: here at the PDS, where all of them are.
for (const resolver of [server.ctx.idResolver, app.ctx.idResolver, dataplane.idResolver]) {
  resolver.handle.resolve = async handle => {
    const answer = await fetch(`${pdsUrl}/xrpc/com.atproto.identity.resolveHandle?handle=${handle}`)
    return answer.ok ? (await answer.json()).did : undefined
  }
}
const reading = new bsky.RepoSubscription({ service: pdsUrl.replace('http', 'ws'), db, idResolver: dataplane.idResolver })
await app.start()
reading.start()

async function settled() {
  await server.ctx.backgroundQueue.processAll()
  const last = await server.ctx.sequencer.curr()
  for (;;) {
    await reading.processAll()
    if (!last || (await reading.runner.getCursor()) >= last) break
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await reading.background?.processAll()
}

const version = name => JSON.parse(readFileSync(path.join(modules, name, 'package.json'))).version
console.log(JSON.stringify({ pds: pdsUrl, app: appUrl, versions: { pds: version('@atproto/pds'), bsky: version('@atproto/bsky') } }))
for await (const _ of createInterface({ input: process.stdin })) {
  await settled()
  console.log('settled')
}
process.exit(0)
