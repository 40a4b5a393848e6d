#!/usr/bin/env bash
# Train the pretrained SQL model on one CUDA device within MINUTES, score it on the left-out databases, export it, and cut
# the file into pieces of 15 MB for machines that return little at a time.
#
#   gpu_run.sh DATA OUT [MINUTES]    DATA holds what `gather` wrote; OUT gets log.jsonl, model.gguf and pieces/
#   cat OUT/pieces/* > model.gguf    puts them together again
#
# BASE names the base's GGUF, or a folder with pieces of it (for machines that take little at a time). DEVICE=cpu with
# STEPS=2 tries the whole way on a CPU. WINDOWS, AT_ONCE, WORKERS and PEAK_LR are for one H200. LORA_RANK=0 trains all
# weights, at a PEAK_LR of 6e-4; otherwise model.gguf is an adapter.
set -euo pipefail
data=$1 out=$2 minutes=${3:-6}
python=${PYTHON:-python3}
mkdir -p "$out"

base=${BASE:-auto}
if [ -d "$base" ]; then
  cat "$base"/* > "$out/base.gguf"
  base=$out/base.gguf
fi

rank=${LORA_RANK:-32}
length=(--minutes "$minutes")
[ -n "${STEPS:-}" ] && length=(--steps "$STEPS")
"$python" -m finetune.sql_model.pretrained.tune --data "$data" --out "$out" --base "$base" "${length[@]}" \
  --device "${DEVICE:-cuda}" --windows "${WINDOWS:-64}" --at-once "${AT_ONCE:-32}" --workers "${WORKERS:-12}" \
  --window-tokens "${WINDOW_TOKENS:-640}" --peak-lr "${PEAK_LR:-1e-3}" --warmup-steps "${WARMUP:-60}" \
  --lora-rank "$rank" \
  --score-every "${SCORE_EVERY:-100}" --scored "${SCORED:-1}" --save-minutes 3 --no-compile
adapter=()
[ "$rank" -gt 0 ] && adapter=(--adapter)
"$python" -m finetune.sql_model.pretrained.tuned_export --run "$out" --out "$out/model.gguf" --base "$base" "${adapter[@]}"

rm -rf "$out/pieces" && mkdir "$out/pieces"
split --bytes 15M --numeric-suffixes --suffix-length 2 "$out/model.gguf" "$out/pieces/model.gguf."
sha256sum "$out/model.gguf"
grep left_out_loss "$out/log.jsonl"
