// A real OpenID provider, npm's oidc-provider, as an API's tests need it: client credentials, JWT access tokens.
//
//   node oidc_provider.mjs PORT      PORT 0: any; the issuer's URL is printed as a line of JSON
//   POST /rotate                     all keys are replaced at once
//   GET /counts                      how often the metadata and the keys were asked for

import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'

URL.parse ??= (url, base) => { try { return new URL(url, base) } catch { return null } } // Node 20 lacks it
const { default: Provider } = await import('oidc-provider')

const RESOURCES = { 'urn:rs256': 'RS256', 'urn:es256': 'ES256', 'urn:ed25519': 'EdDSA' }
let generation = 0

function makeKey (alg, type, options) {
  // Through DER: on Node 20 the export of a key object that was just generated can hang.
  const { privateKey } = generateKeyPairSync(type, {
    ...options,
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' }
  })
  const jwk = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  return { ...jwk, alg, use: 'sig', kid: `${alg}-${generation}` }
}

function makeProvider (issuer) {
  generation += 1
  const keys = [
    makeKey('RS256', 'rsa', { modulusLength: 2048 }),
    makeKey('ES256', 'ec', { namedCurve: 'P-256' }),
    makeKey('EdDSA', 'ed25519', {})
  ]
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [{
      client_id: 'tests',
      client_secret: process.env.CLIENT_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: []
    }],
    scopes: ['orders:read'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: 'orders:read',
          audience: 'orders-api',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: RESOURCES[resource] } }
        })
      }
    }
  })
  return provider.callback()
}

const counts = { metadata: 0, keys: 0 }
let answer
const server = createServer((request, response) => {
  if (request.url === '/counts') return response.end(JSON.stringify(counts))
  if (request.url === '/rotate') {
    answer = makeProvider(issuer)
    return response.end('{}')
  }
  counts.metadata += request.url.startsWith('/.well-known/')
  counts.keys += request.url === '/jwks'
  answer(request, response)
})
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const issuer = `http://127.0.0.1:${server.address().port}`
answer = makeProvider(issuer)
console.log(JSON.stringify({ issuer }))
