# The product as one container: no compiler, no root, the data in a volume.
FROM python:3.11-slim
WORKDIR /app
RUN useradd --system --create-home rapport && mkdir /data /lines && chown rapport /data /lines
COPY requirements/app.txt requirements/app.txt
RUN python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements/app.txt
COPY config config
COPY crm_core crm_core
COPY nlu nlu
COPY bot bot
COPY jobs jobs
USER rapport
ENV RAPPORT_DATA_DIR=/data RAPPORT_WEB__HOST=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s \
  CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"
CMD ["python", "-m", "bot"]
