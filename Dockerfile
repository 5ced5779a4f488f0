# The forward proxy in a container: `docker run -p 8080:8080 -v tollfence:/var/lib/tollfence tollfence`.
# What agents need to use it is in docs/getting-started.md.

FROM node:22-bookworm AS build
WORKDIR /opt/tollfence
COPY package.json package-lock.json .npmrc ./
COPY scripts ./scripts
RUN npm ci --no-audit --no-fund && node scripts/sqlite.mjs
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
RUN groupadd --system --gid 10001 tollfence \
 && useradd --system --uid 10001 --gid tollfence --home-dir /var/lib/tollfence --shell /usr/sbin/nologin tollfence \
 && install -d -o tollfence -g tollfence -m 0700 /var/lib/tollfence /var/lib/tollfence-keys \
 && ln -s /opt/tollfence/dist/bin/tf.js /usr/local/bin/tf
WORKDIR /opt/tollfence
COPY --from=build /opt/tollfence/package.json /opt/tollfence/LICENSE /opt/tollfence/NOTICE ./
COPY --from=build /opt/tollfence/policies ./policies
COPY --from=build /opt/tollfence/connectors/generated ./connectors/generated
COPY --from=build /opt/tollfence/node_modules ./node_modules
COPY --from=build /opt/tollfence/dist ./dist
# The key of the vault is not on the volume of the vault, unless somebody mounts them so.
# With the flag of the entry point, memory stays under 150 MB also while bodies of a gigabyte pass (docs/configuration.md).
ENV MALLOC_ARENA_MAX=2
# Names are resolved by threads of this pool: with four, a few names that nobody answers for would hold up all others.
ENV UV_THREADPOOL_SIZE=16
ENV NODE_ENV=production TF_HOME=/var/lib/tollfence XDG_CONFIG_HOME=/var/lib/tollfence-keys
USER tollfence
VOLUME ["/var/lib/tollfence", "/var/lib/tollfence-keys"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["tf", "status", "--json"]
ENTRYPOINT ["node", "--max-semi-space-size=4", "/opt/tollfence/dist/bin/tf.js"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
