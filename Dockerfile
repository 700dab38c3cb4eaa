# The image of Propylon itself: `docker build -t propylon .`, then mount a folder with an app or a propylon.yaml at /srv/app
# (docs/export.md, "An image of Propylon"). `propylon export dockerfile` writes one with the app in it instead.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${NODE_IMAGE} AS built
RUN apt-get update \
 && apt-get install -y --no-install-recommends libatomic1 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/propylon
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY bin bin
COPY python python
COPY src src
COPY tools tools
# Its own Node comes with it. What only compiling takes goes again, and so do that Node's headers.
RUN npm ci --no-audit --no-fund \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/typescript node_modules/@typescript node_modules/.bin/tsc node_modules/node-*/include

FROM ${PYTHON_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends libatomic1 \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --user-group --no-create-home --shell /usr/sbin/nologin propylon
COPY --from=built /opt/propylon/bin /opt/propylon/bin
COPY --from=built /opt/propylon/dist /opt/propylon/dist
COPY --from=built /opt/propylon/node_modules /opt/propylon/node_modules
COPY --from=built /opt/propylon/python /opt/propylon/python
COPY --from=built /opt/propylon/package.json /opt/propylon/package.json
RUN install -d -o propylon /srv/app
WORKDIR /srv/app
# PORT makes it listen on every network, as platforms expect; a propylon.yaml says for itself where.
ENV PATH=/opt/propylon/bin:$PATH PYTHONUNBUFFERED=1 PORT=8000 PROPYLON_ADMIN=127.0.0.1:7700
USER propylon
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python3", "-I", "-c", "import urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:7700/readyz', timeout=4)"]
ENTRYPOINT ["/opt/propylon/bin/propylon"]
CMD ["run"]
