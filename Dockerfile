# syntax=docker/dockerfile:1
# One image for every role; ROLES says which one a container has.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY migrations ./migrations
COPY src ./src
RUN npm run build

FROM node:20-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are the binaries of the embedded PostgreSQL (60 MB): a container is given DATABASE_URL.
RUN npm ci --omit=dev --omit=optional

FROM node:20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
# Served as they lie here, at /openapi.json and /docs, and of each door.
COPY docs/openapi.json docs/paypal-openapi.json docs/dots-openapi.json ./docs/
# Made by the base image, without a shell of its own; the files stay root's, so a process can not change its own code.
USER node
EXPOSE 3000
# Every role serves both routes. /healthz, not /readyz: a database that is away is no reason to kill the process that waits for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node directly, so that SIGTERM reaches it and the drain begins; npm would not pass it on.
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
