"""The peers' own signatures over our kernels."""
