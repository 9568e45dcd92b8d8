# syntax=docker/dockerfile:1
# texturekit for the CPU: serves a model, compares methods. docs/docker.md says how; nobody has built it yet.
FROM python:3.11-slim

# What cv2, numba and scikit-learn link.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 libgomp1 libx11-6 libxcb1 \
 && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 texturekit \
 && mkdir -p /data /reports /cache \
 && chown texturekit:texturekit /data /reports /cache

WORKDIR /opt/texturekit

# Dependencies first: the large layer does not change with the code. torch and torchvision have to come from one
# index. XGBoost's NCCL is for several GPUs only, and half a gigabyte. Byte code is written now: the user cannot later.
COPY pyproject.toml constraints.txt ./
RUN pip install --no-cache-dir -c constraints.txt uv \
 && echo 'nvidia-nccl-cu12; sys_platform == "never"' > overrides.txt \
 && uv pip install --system --no-cache --compile-bytecode --torch-backend=cpu \
    -c constraints.txt --override overrides.txt -r pyproject.toml --extra app --extra dicom

COPY README.md LICENSE ./
COPY texturekit ./texturekit
COPY cli ./cli
RUN uv pip install --system --no-cache --compile-bytecode --no-deps .

# What is written goes to /cache and /reports; 0.0.0.0 is reached through the published port only.
ENV TEXTUREKIT_CACHE=/cache \
    NUMBA_CACHE_DIR=/cache \
    MPLCONFIGDIR=/cache/matplotlib \
    TORCH_HOME=/cache/torch \
    GRADIO_ANALYTICS_ENABLED=False \
    PYTHONUTF8=1

USER texturekit
VOLUME ["/data", "/reports", "/cache"]
WORKDIR /reports
EXPOSE 7860

# Says nothing of `compare`, which listens to nobody: --no-healthcheck there.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/api/health', timeout=4)"]

ENTRYPOINT ["texturekit"]
CMD ["serve", "/data/model", "--host", "0.0.0.0", "--port", "7860"]
